"""Tests of actors/kill_switch."""
