-- Reports that were made by themselves, once for each schedule and month, and the mails that carried them.

CREATE TABLE report_runs (
    "schedule" TEXT NOT NULL,
    "month" TEXT NOT NULL,
    "due_at" INTEGER NOT NULL,
    "begun_at" INTEGER NOT NULL,
    "made_at" INTEGER,
    "revision" INTEGER,
    "last_error" TEXT,
    PRIMARY KEY ("schedule", "month")
);

CREATE TABLE report_mails (
    "schedule" TEXT NOT NULL,
    "month" TEXT NOT NULL,
    "recipient" TEXT NOT NULL,
    "language" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "sent_at" INTEGER,
    "last_error" TEXT,
    PRIMARY KEY ("schedule", "month", "recipient", "language"),
    FOREIGN KEY ("schedule", "month") REFERENCES report_runs ("schedule", "month")
);
