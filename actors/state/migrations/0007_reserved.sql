-- Kept free for a change that comes from elsewhere.
SELECT 1;
