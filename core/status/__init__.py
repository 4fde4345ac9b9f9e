"""What a person wants to know of an engine, as values: for the commands, the live view and the channels."""
