-- The number is taken by a change that is not here yet.
SELECT 1;
