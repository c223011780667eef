-- Who a user is at the identity provider.
CREATE TABLE user_identities (
    "issuer" text NOT NULL,
    "subject" text NOT NULL,
    "user_id" uuid NOT NULL REFERENCES users (id),
    PRIMARY KEY ("issuer", "subject")
);
CREATE UNIQUE INDEX user_identities_by_user_id ON user_identities ("user_id");

-- Log-ins that are under way at the provider: bound to a browser by its cookie, taken once.
CREATE TABLE oidc_logins (
    "state_hash" text NOT NULL,
    "cookie_hash" text NOT NULL,
    "nonce" text NOT NULL,
    "verifier" bytea NOT NULL,
    "created_at" timestamptz NOT NULL,
    PRIMARY KEY ("state_hash")
);
CREATE INDEX oidc_logins_by_created_at ON oidc_logins ("created_at");

-- Codes that a page exchanges for tokens, so that no token is in an address: bound to the browser too.
CREATE TABLE login_codes (
    "code_hash" text NOT NULL,
    "cookie_hash" text NOT NULL,
    "user_id" uuid NOT NULL REFERENCES users (id),
    "created_at" timestamptz NOT NULL,
    PRIMARY KEY ("code_hash")
);
CREATE INDEX login_codes_by_user_id ON login_codes ("user_id");
CREATE INDEX login_codes_by_created_at ON login_codes ("created_at");
