-- Users are changed with a version in hand and have a name to show.
ALTER TABLE users ADD COLUMN "version" INTEGER NOT NULL DEFAULT 1;
ALTER TABLE users ADD COLUMN "display_name" TEXT;

-- Keys end, are renewed, and show on which day they were last of use.
ALTER TABLE api_keys ADD COLUMN "version" INTEGER NOT NULL DEFAULT 1;
ALTER TABLE api_keys ADD COLUMN "expires_at" INTEGER;
ALTER TABLE api_keys ADD COLUMN "last_used_day" TEXT;

-- The second factor: the secret is encrypted, recovery codes are kept as authentication codes.
CREATE TABLE totp_factors (
    "user_id" BLOB NOT NULL REFERENCES users (id),
    "secret" BLOB NOT NULL,
    "last_step" INTEGER NOT NULL,
    "created_at" INTEGER NOT NULL,
    "confirmed_at" INTEGER,
    PRIMARY KEY ("user_id")
);
CREATE TABLE recovery_codes (
    "user_id" BLOB NOT NULL REFERENCES users (id),
    "code_hash" TEXT NOT NULL,
    "used_at" INTEGER,
    PRIMARY KEY ("user_id", "code_hash")
);

-- Attempts to log in, by account and address and by account alone, under authentication codes of the names: what
-- people type into the field of the name is kept nowhere.
CREATE TABLE login_attempts (
    "key" TEXT NOT NULL,
    "account" TEXT NOT NULL,
    "failures" INTEGER NOT NULL,
    "failed_at" INTEGER,
    "locked_until" INTEGER,
    "succeeded_at" INTEGER,
    "updated_at" INTEGER NOT NULL,
    PRIMARY KEY ("key")
);
CREATE INDEX login_attempts_by_account ON login_attempts ("account");
CREATE INDEX login_attempts_by_updated_at ON login_attempts ("updated_at");
