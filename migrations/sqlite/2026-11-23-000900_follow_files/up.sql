-- How far growing logs were taken in.

CREATE TABLE followed_files (
    "source" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "file_number" INTEGER NOT NULL,
    "position" INTEGER NOT NULL,
    "head_length" INTEGER NOT NULL,
    "head_sha256" TEXT NOT NULL,
    "read_at" INTEGER NOT NULL,
    PRIMARY KEY ("source", "path")
);
