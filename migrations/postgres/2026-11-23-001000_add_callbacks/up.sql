-- Promised call-backs. Their steps are the log, which nothing changes; the row beside is folded from it.

CREATE TABLE callbacks (
    "id" uuid NOT NULL,
    "ticket_id" uuid REFERENCES tickets (id),
    "call_id" uuid REFERENCES interactions (id),
    "person_id" uuid REFERENCES persons (id),
    "phone" text,
    "theme" text,
    "note" text,
    "unit" text,
    "window_from" timestamptz NOT NULL,
    "window_to" timestamptz NOT NULL,
    "outcome" text NOT NULL,
    "booked_at" timestamptz NOT NULL,
    "version" integer NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX callbacks_by_window_to ON callbacks ("window_to", "id");
CREATE INDEX callbacks_by_outcome ON callbacks ("outcome", "window_to", "id");
CREATE INDEX callbacks_by_unit ON callbacks ("unit", "window_to", "id");
CREATE INDEX callbacks_by_unit_outcome ON callbacks ("unit", "outcome", "window_to", "id");
CREATE INDEX callbacks_by_ticket_id ON callbacks ("ticket_id", "window_to", "id");
CREATE INDEX callbacks_by_person_id ON callbacks ("person_id", "window_to", "id");
CREATE INDEX callbacks_by_call_id ON callbacks ("call_id");

CREATE TABLE callback_steps (
    "callback_id" uuid NOT NULL REFERENCES callbacks (id),
    "seq" integer NOT NULL,
    "at" timestamptz NOT NULL,
    "actor" jsonb NOT NULL,
    "step" jsonb NOT NULL,
    PRIMARY KEY ("callback_id", "seq")
);

CREATE TRIGGER callback_steps_append_only BEFORE UPDATE OR DELETE ON callback_steps FOR EACH ROW EXECUTE FUNCTION refuse_change();
