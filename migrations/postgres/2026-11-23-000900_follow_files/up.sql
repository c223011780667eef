-- How far growing logs were taken in.

CREATE TABLE followed_files (
    "source" text NOT NULL,
    "path" text NOT NULL,
    "file_number" bigint NOT NULL,
    "position" bigint NOT NULL,
    "head_length" bigint NOT NULL,
    "head_sha256" text NOT NULL,
    "read_at" timestamptz NOT NULL,
    PRIMARY KEY ("source", "path")
);
