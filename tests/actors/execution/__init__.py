"""Tests of actors/execution."""
