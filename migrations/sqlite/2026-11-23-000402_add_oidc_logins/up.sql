-- Who a user is at the identity provider.
CREATE TABLE user_identities (
    "issuer" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "user_id" BLOB NOT NULL REFERENCES users (id),
    PRIMARY KEY ("issuer", "subject")
);
CREATE UNIQUE INDEX user_identities_by_user_id ON user_identities ("user_id");

-- Log-ins that are under way at the provider: bound to a browser by its cookie, taken once.
CREATE TABLE oidc_logins (
    "state_hash" TEXT NOT NULL,
    "cookie_hash" TEXT NOT NULL,
    "nonce" TEXT NOT NULL,
    "verifier" BLOB NOT NULL,
    "created_at" INTEGER NOT NULL,
    PRIMARY KEY ("state_hash")
);
CREATE INDEX oidc_logins_by_created_at ON oidc_logins ("created_at");

-- Codes that a page exchanges for tokens, so that no token is in an address: bound to the browser too.
CREATE TABLE login_codes (
    "code_hash" TEXT NOT NULL,
    "cookie_hash" TEXT NOT NULL,
    "user_id" BLOB NOT NULL REFERENCES users (id),
    "created_at" INTEGER NOT NULL,
    PRIMARY KEY ("code_hash")
);
CREATE INDEX login_codes_by_user_id ON login_codes ("user_id");
CREATE INDEX login_codes_by_created_at ON login_codes ("created_at");
