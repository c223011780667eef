-- Users are changed with a version in hand and have a name to show.
ALTER TABLE users ADD COLUMN "version" integer NOT NULL DEFAULT 1;
ALTER TABLE users ADD COLUMN "display_name" text;

-- Keys end, are renewed, and show on which day they were last of use.
ALTER TABLE api_keys ADD COLUMN "version" integer NOT NULL DEFAULT 1;
ALTER TABLE api_keys ADD COLUMN "expires_at" timestamptz;
ALTER TABLE api_keys ADD COLUMN "last_used_day" text;

-- The second factor: the secret is encrypted, recovery codes are kept as authentication codes.
CREATE TABLE totp_factors (
    "user_id" uuid NOT NULL REFERENCES users (id),
    "secret" bytea NOT NULL,
    "last_step" bigint NOT NULL,
    "created_at" timestamptz NOT NULL,
    "confirmed_at" timestamptz,
    PRIMARY KEY ("user_id")
);
CREATE TABLE recovery_codes (
    "user_id" uuid NOT NULL REFERENCES users (id),
    "code_hash" text NOT NULL,
    "used_at" timestamptz,
    PRIMARY KEY ("user_id", "code_hash")
);

-- Attempts to log in, by account and address and by account alone, under authentication codes of the names: what
-- people type into the field of the name is kept nowhere.
CREATE TABLE login_attempts (
    "key" text NOT NULL,
    "account" text NOT NULL,
    "failures" integer NOT NULL,
    "failed_at" timestamptz,
    "locked_until" timestamptz,
    "succeeded_at" timestamptz,
    "updated_at" timestamptz NOT NULL,
    PRIMARY KEY ("key")
);
CREATE INDEX login_attempts_by_account ON login_attempts ("account");
CREATE INDEX login_attempts_by_updated_at ON login_attempts ("updated_at");
