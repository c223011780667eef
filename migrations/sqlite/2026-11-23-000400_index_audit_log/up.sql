-- The log is read newest first, all of it or one action.
CREATE INDEX audit_log_by_at ON audit_log ("at", "seq");
CREATE INDEX audit_log_by_action ON audit_log ("action", "at", "seq");
