"""The five panels as frozen values: every number is formatted here, once, with its unit."""
