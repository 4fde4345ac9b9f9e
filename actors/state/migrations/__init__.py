"""Numbered migrations: `NNNN_name.sql` brings the database from `user_version` NNNN - 1 to NNNN."""
