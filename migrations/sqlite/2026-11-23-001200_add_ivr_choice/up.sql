-- What a caller chose before or instead of a queue, as told of each leg and as folded.

ALTER TABLE calls ADD COLUMN "ivr_choice" TEXT;
ALTER TABLE legs ADD COLUMN "ivr_choice" TEXT;
