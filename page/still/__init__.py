"""A chart as a still picture: SVG and words in the HTML itself, seen before any script runs."""

from page.still.picture import still

__all__ = ["still"]
