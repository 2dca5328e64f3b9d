-- The users.
CREATE TABLE users (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL
);

CREATE INDEX users_by_name ON users (name);

CREATE OR REPLACE VIEW public.adults AS
SELECT * FROM users WHERE age >= 18;

CREATE FUNCTION add_one(x INTEGER) RETURNS INTEGER AS $$
BEGIN
    RETURN x + 1;
END;
$$ LANGUAGE plpgsql;

INSERT INTO users VALUES (1, 'a');
SELECT * FROM users;
