"""Who may look: the link that is printed, the cookie that it becomes, and which hosts and origins count."""
