-- Persons may claim what another holds; suggestions are decided once; merges say by which rule; names in any writing.

CREATE TABLE identity_claims (
    "id" uuid NOT NULL,
    "person_id" uuid NOT NULL REFERENCES persons (id),
    "identity_type" text NOT NULL,
    "value" text NOT NULL,
    "verified" boolean NOT NULL,
    "created_at" timestamptz NOT NULL,
    PRIMARY KEY ("id"),
    UNIQUE ("person_id", "identity_type", "value")
);
CREATE INDEX identity_claims_by_identity_type_value ON identity_claims ("identity_type", "value", "created_at");

ALTER TABLE person_suggestions ADD COLUMN "state" text NOT NULL DEFAULT 'open';
ALTER TABLE person_suggestions ADD COLUMN "decided_at" timestamptz;
ALTER TABLE person_suggestions ADD COLUMN "merge_id" uuid REFERENCES person_merges (id);
CREATE INDEX person_suggestions_by_state_created_at_id ON person_suggestions ("state", "created_at", "id");
CREATE INDEX person_suggestions_by_merge_id ON person_suggestions ("merge_id");

ALTER TABLE person_merges ADD COLUMN "reason" text NOT NULL DEFAULT 'operator';

ALTER TABLE persons ADD COLUMN "name_key" text;
CREATE INDEX persons_by_name_key ON persons ("name_key");

-- A timeline's page is one walk down this index.
CREATE INDEX interactions_by_person_id_occurred_at_id ON interactions ("person_id", "occurred_at", "id");
DROP INDEX interactions_by_person_id_occurred_at;
