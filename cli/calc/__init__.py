"""What `calc` answers, field by field."""
