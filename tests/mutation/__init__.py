"""Mutation testing (`make mutants`): code is changed in one place, and a test must notice."""
