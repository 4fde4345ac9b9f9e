"""Long simulations of the whole engine over the HTTP venue; `make soak` runs them."""
