"""Tests of actors/mcp."""
