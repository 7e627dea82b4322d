-- What reviewers found on looking at how a caller used the directory (domain rule L5).
-- A case is about one caller and one period; what was found is a history that is added to and never changed.
CREATE TABLE review_case (
    id uuid PRIMARY KEY,
    person text NOT NULL,                              -- whose asks it is about
    authority text NOT NULL REFERENCES authority,      -- whose caller it is
    first_day date NOT NULL,
    last_day date NOT NULL,
    opened_at timestamptz NOT NULL,
    CHECK (last_day >= first_day)
);
CREATE INDEX ON review_case (person, opened_at);

CREATE TABLE review_outcome (
    case_id uuid NOT NULL REFERENCES review_case,
    number integer NOT NULL CHECK (number > 0),        -- in the order in which they were recorded
    outcome text NOT NULL CHECK (outcome IN ('EXPLAINED', 'TO_BE_SPOKEN_TO', 'REFERRED', 'SUSPENDED')),
    patterns text[] NOT NULL,                          -- what was looked at: 'SAME_SURNAME', …
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    recorded_by text NOT NULL,
    reviewer_authority text NOT NULL,
    independent boolean NOT NULL,                      -- recorded by somebody of another authority than the caller's
    clears boolean NOT NULL,                           -- whether the rules let it clear the case, as they stood
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (case_id, number)
);

CREATE FUNCTION review_outcome_is_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an outcome of a review is never changed' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER history BEFORE UPDATE OR DELETE OR TRUNCATE ON review_outcome
    FOR EACH STATEMENT EXECUTE FUNCTION review_outcome_is_history();

-- A caller's own address is known only where the caller is a carer on record as well.
CREATE INDEX ON carer (person) WHERE person IS NOT NULL;
