-- Reports that were made by themselves, once for each schedule and month, and the mails that carried them.

CREATE TABLE report_runs (
    "schedule" text NOT NULL,
    "month" text NOT NULL,
    "due_at" timestamptz NOT NULL,
    "begun_at" timestamptz NOT NULL,
    "made_at" timestamptz,
    "revision" integer,
    "last_error" text,
    PRIMARY KEY ("schedule", "month")
);

CREATE TABLE report_mails (
    "schedule" text NOT NULL,
    "month" text NOT NULL,
    "recipient" text NOT NULL,
    "language" text NOT NULL,
    "state" text NOT NULL,
    "sent_at" timestamptz,
    "last_error" text,
    PRIMARY KEY ("schedule", "month", "recipient", "language"),
    FOREIGN KEY ("schedule", "month") REFERENCES report_runs ("schedule", "month")
);
