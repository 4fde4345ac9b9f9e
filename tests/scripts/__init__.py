"""The scripts beside the program."""
