-- Whether it was told that a call-back was missed. What was missed before this step is told to nobody any more.

ALTER TABLE callbacks ADD COLUMN "missed_told" boolean NOT NULL DEFAULT FALSE;
UPDATE callbacks SET "missed_told" = TRUE WHERE "window_to" <= now();
CREATE INDEX callbacks_by_missed_told ON callbacks ("missed_told", "outcome", "window_to", "id");
