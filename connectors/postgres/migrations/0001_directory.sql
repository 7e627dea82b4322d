-- The directory of one local authority: what is held (domain rules D1 to D9), and nothing else (D5).
-- Rows that are about one child carry child_id as their first key column, so that everything about a child
-- can live on one shard. Registers (authority, agency, practitioner, setting, carer) stand apart from any child.
-- No column is free text about a child: there is nowhere to put a note, an opinion, a score or a flag of concern.

CREATE TABLE source (
    id text PRIMARY KEY,                         -- 'school-census', 'nhs-demographics', …
    name text NOT NULL
);

CREATE TABLE authority (
    code text PRIMARY KEY CHECK (code ~ '^[EWSN][0-9]{8}$'),
    legacy_code text UNIQUE CHECK (legacy_code ~ '^[0-9]{3}$'),
    name text NOT NULL,
    gateway_status text NOT NULL DEFAULT 'UNKNOWN'
);

CREATE TABLE agency (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    kind text NOT NULL,                          -- 'health', 'education', 'social-care', 'police', 'voluntary', 'youth', 'authority'
    authority text REFERENCES authority,
    ods_code text,
    sensitive boolean NOT NULL DEFAULT false,    -- provides a sensitive service (V1)
    accredited_until date NOT NULL,              -- the last day of accreditation (A1)
    suspended_at timestamptz
);

CREATE TABLE safeguarding_contact (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    authority text REFERENCES authority,
    agency uuid REFERENCES agency,
    role text NOT NULL,
    name text NOT NULL,
    telephone text,
    email text,
    hours text,
    position smallint NOT NULL DEFAULT 0,
    CHECK ((authority IS NULL) <> (agency IS NULL))
);
CREATE INDEX ON safeguarding_contact (authority);
CREATE INDEX ON safeguarding_contact (agency);

CREATE TABLE practitioner (
    id uuid PRIMARY KEY,
    person text,                                 -- the `sub` of this person's tokens, if they may ask
    name text NOT NULL,
    role text NOT NULL,                          -- job title as told: 'School nurse'
    agency uuid NOT NULL REFERENCES agency,
    telephone text,
    email text
);
CREATE INDEX ON practitioner (person);
CREATE INDEX ON practitioner (agency);

-- Setting: schools and GP practices. A closed school's successors are in setting_link.
CREATE TABLE setting (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    name text NOT NULL,
    urn text UNIQUE CHECK (urn ~ '^[0-9]{5,6}$'),
    ukprn text CHECK (ukprn ~ '^[0-9]{8}$'),
    laestab text,
    ods_code text UNIQUE,
    status text NOT NULL DEFAULT 'OPEN' CHECK (status IN ('OPEN', 'PROPOSED', 'CLOSED', 'DORMANT')),
    opened_on date,
    closed_on date,
    address_lines text[] NOT NULL DEFAULT '{}',
    postcode text,
    telephone text,
    email text,
    authority text REFERENCES authority,
    source text NOT NULL REFERENCES source,
    asserted_at timestamptz NOT NULL,
    confirmed_at timestamptz NOT NULL
);

CREATE TABLE setting_link (
    urn text NOT NULL,
    linked_urn text NOT NULL,
    relation text NOT NULL CHECK (relation IN ('PREDECESSOR', 'SUCCESSOR', 'MERGED', 'SPLIT', 'SIXTH_FORM', 'OTHER')),
    link_type text NOT NULL,                     -- the register's own words: 'Successor - merged'
    established_on date,
    PRIMARY KEY (urn, linked_urn, link_type)
);

-- Carer: one row a person, whoever the child is.
CREATE TABLE carer (
    id uuid PRIMARY KEY,
    person text,                                 -- the `sub` of this person's own tokens, if they have any
    name text NOT NULL,
    address_lines text[] NOT NULL DEFAULT '{}',
    postcode text,
    uprn text,
    telephone text,
    email text,
    source text NOT NULL REFERENCES source,
    asserted_at timestamptz NOT NULL,
    confirmed_at timestamptz NOT NULL
);

-- Child: the current value of each group with its provenance; what was before is in the tables below.
-- identity_id joins the rows that are one child (H4): a shield stands on the identity, not on a row.
CREATE TABLE child (
    id uuid PRIMARY KEY,
    identity_id uuid NOT NULL,
    authority text NOT NULL REFERENCES authority,     -- responsible for the child, at this gateway's knowledge
    standing text NOT NULL DEFAULT 'live' CHECK (standing IN ('live', 'adult', 'left-england', 'deceased', 'archived')),
    left_england_on date,
    return_intended boolean,                          -- within three years (D1)

    given_name text,
    family_name text NOT NULL,
    name_source text NOT NULL REFERENCES source,
    name_asserted_at timestamptz NOT NULL,
    name_confirmed_at timestamptz NOT NULL,

    date_of_birth date NOT NULL,
    gender text NOT NULL DEFAULT 'NOT_SPECIFIED' CHECK (gender IN ('FEMALE', 'MALE', 'OTHER', 'NOT_SPECIFIED')),
    birth_source text NOT NULL REFERENCES source,
    birth_asserted_at timestamptz NOT NULL,
    birth_confirmed_at timestamptz NOT NULL,

    address_lines text[] NOT NULL DEFAULT '{}',
    postcode text,                                    -- upper case, one space: 'M33 2TL'
    uprn text,
    address_status text NOT NULL DEFAULT 'CURRENT' CHECK (address_status IN ('CURRENT', 'LAST_KNOWN', 'NO_KNOWN_ADDRESS')),
    address_since date,
    address_source text NOT NULL REFERENCES source,
    address_asserted_at timestamptz NOT NULL,
    address_confirmed_at timestamptz NOT NULL,

    nhs_number text UNIQUE CHECK (nhs_number ~ '^[0-9]{10}$'),
    nhs_number_source text REFERENCES source,
    nhs_number_asserted_at timestamptz,
    nhs_number_confirmed_at timestamptz,
    upn text UNIQUE CHECK (upn ~ '^[A-Z][0-9]{11}[0-9A-Z]$'),
    upn_source text REFERENCES source,
    upn_asserted_at timestamptz,
    upn_confirmed_at timestamptz,

    person text,                                      -- the `sub` of the child's own tokens, if any
    CHECK ((nhs_number IS NULL) = (nhs_number_source IS NULL)),
    CHECK ((upn IS NULL) = (upn_source IS NULL))
);
CREATE INDEX ON child (identity_id);

CREATE TABLE child_former_name (
    child_id uuid NOT NULL REFERENCES child ON DELETE CASCADE,
    given_name text,
    family_name text NOT NULL,
    used_from date,
    used_until date,
    source text NOT NULL REFERENCES source,
    asserted_at timestamptz NOT NULL,
    confirmed_at timestamptz NOT NULL,
    UNIQUE NULLS NOT DISTINCT (child_id, given_name, family_name, used_from, used_until)
);

CREATE TABLE child_former_address (
    child_id uuid NOT NULL REFERENCES child ON DELETE CASCADE,
    address_lines text[] NOT NULL,
    postcode text,
    uprn text,
    lived_from date,
    lived_until date,
    source text NOT NULL REFERENCES source,
    asserted_at timestamptz NOT NULL,
    confirmed_at timestamptz NOT NULL,
    UNIQUE NULLS NOT DISTINCT (child_id, postcode, address_lines, lived_from, lived_until)
);

-- Identifiers that once stood for a child and now lead to the surviving record (S2).
CREATE TABLE child_superseded_identifier (
    child_id uuid NOT NULL REFERENCES child ON DELETE CASCADE,
    system text NOT NULL CHECK (system IN ('nhs-number', 'upn')),
    value text NOT NULL,
    superseded_at timestamptz NOT NULL,
    source text NOT NULL REFERENCES source,
    PRIMARY KEY (system, value)
);
CREATE INDEX ON child_superseded_identifier (child_id);

-- What search compares: one row for the current name and one for each former name.
-- Keys are computed by connectors.postgres.keys, never by the database, so that no extension is needed.
CREATE TABLE child_search_key (
    child_id uuid NOT NULL REFERENCES child ON DELETE CASCADE,
    former boolean NOT NULL,
    family_key text COLLATE "C" NOT NULL,             -- normalised: letters only, lower case, no accents
    given_key text COLLATE "C",
    family_sound text COLLATE "C" NOT NULL,           -- phonetic
    given_sound text COLLATE "C",
    date_of_birth date NOT NULL,
    gender text NOT NULL,
    postcode_key text COLLATE "C"                     -- upper case without space
);
CREATE INDEX ON child_search_key (child_id);
CREATE INDEX ON child_search_key (date_of_birth, family_key);
CREATE INDEX ON child_search_key (family_sound, date_of_birth);
CREATE INDEX ON child_search_key (given_sound, date_of_birth);

-- Links between the records of one child; undone by a later row, never deleted.
CREATE TABLE child_link (
    child_id uuid NOT NULL REFERENCES child ON DELETE CASCADE,
    other_child_id uuid NOT NULL REFERENCES child ON DELETE CASCADE,
    grade text NOT NULL CHECK (grade IN ('CERTAIN', 'PROBABLE', 'POSSIBLE')),
    reasons text[] NOT NULL,
    linked_at timestamptz NOT NULL,
    linked_by text NOT NULL,
    unlinked_at timestamptz,
    unlinked_by text,
    identity_before uuid NOT NULL,                    -- of child_id, so that undoing restores it
    PRIMARY KEY (child_id, other_child_id, linked_at),
    CHECK (child_id <> other_child_id)
);

CREATE TABLE child_carer (
    child_id uuid NOT NULL REFERENCES child ON DELETE CASCADE,
    carer_id uuid NOT NULL REFERENCES carer,
    relationship text NOT NULL,
    has_parental_responsibility boolean NOT NULL,
    since date,
    until date,
    source text NOT NULL REFERENCES source,
    asserted_at timestamptz NOT NULL,
    confirmed_at timestamptz NOT NULL,
    PRIMARY KEY (child_id, carer_id)
);
CREATE INDEX ON child_carer (carer_id);

CREATE TABLE child_setting (
    child_id uuid NOT NULL REFERENCES child ON DELETE CASCADE,
    setting_id uuid NOT NULL REFERENCES setting,
    started_on date,
    ended_on date,
    source text NOT NULL REFERENCES source,
    asserted_at timestamptz NOT NULL,
    confirmed_at timestamptz NOT NULL,
    UNIQUE NULLS NOT DISTINCT (child_id, setting_id, started_on)
);
CREATE INDEX ON child_setting (setting_id);

CREATE TABLE involvement (
    child_id uuid NOT NULL REFERENCES child ON DELETE CASCADE,
    id uuid NOT NULL,
    carer_id uuid REFERENCES carer,                   -- set where an adult service works with the carer (D8)
    practitioner_id uuid NOT NULL REFERENCES practitioner,
    agency_id uuid NOT NULL REFERENCES agency,
    service text NOT NULL CHECK (service IN (
        'HEALTH_VISITING', 'SCHOOL_NURSING', 'GENERAL_PRACTICE', 'PAEDIATRICS', 'SOCIAL_CARE', 'EARLY_HELP',
        'EDUCATION_WELFARE', 'SPECIAL_EDUCATIONAL_NEEDS', 'YOUTH_SUPPORT', 'YOUTH_JUSTICE', 'POLICE', 'VOLUNTARY',
        'SEXUAL_HEALTH', 'MENTAL_HEALTH', 'SUBSTANCE_MISUSE', 'DOMESTIC_ABUSE', 'DISABILITY')),
    sensitive boolean NOT NULL,
    started_on date NOT NULL,
    ended_on date,
    is_lead_professional boolean NOT NULL DEFAULT false,
    common_assessment_completed boolean NOT NULL DEFAULT false,
    source text NOT NULL REFERENCES source,
    asserted_at timestamptz NOT NULL,
    confirmed_at timestamptz NOT NULL,
    PRIMARY KEY (child_id, id),
    CHECK (service NOT IN ('SEXUAL_HEALTH', 'MENTAL_HEALTH', 'SUBSTANCE_MISUSE') OR sensitive),
    CHECK (service NOT IN ('DOMESTIC_ABUSE', 'DISABILITY') OR carer_id IS NOT NULL),
    CHECK (carer_id IS NULL OR sensitive),            -- adult services are sensitive by default (D8)
    CHECK (ended_on IS NULL OR ended_on >= started_on)
);
CREATE INDEX ON involvement (id);
CREATE INDEX ON involvement (practitioner_id);
CREATE INDEX ON involvement (carer_id) WHERE carer_id IS NOT NULL;

-- Consent to record a sensitive involvement: versioned, dated, scoped (V1, V3). The highest version counts.
CREATE TABLE involvement_consent (
    child_id uuid NOT NULL,
    involvement_id uuid NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    basis text NOT NULL CHECK (basis IN ('child-consent', 'carer-consent', 'significant-harm')),
    scope text NOT NULL CHECK (scope IN ('record-only', 'broker', 'practitioners')),
    given_at timestamptz NOT NULL,
    expires_at timestamptz,
    withdrawn_at timestamptz,
    PRIMARY KEY (child_id, involvement_id, version),
    FOREIGN KEY (child_id, involvement_id) REFERENCES involvement ON DELETE CASCADE
);

-- A conflict of interest declared on an involvement (A5).
CREATE TABLE conflict (
    child_id uuid NOT NULL REFERENCES child ON DELETE CASCADE,
    practitioner_id uuid NOT NULL REFERENCES practitioner,
    declared_at timestamptz NOT NULL,
    lifted_at timestamptz,
    PRIMARY KEY (child_id, practitioner_id, declared_at)
);

-- Shielding (H1, H2): on the identity; in force from the request on until a recorded review lifts it.
CREATE TABLE shield (
    id uuid PRIMARY KEY,
    child_id uuid NOT NULL REFERENCES child ON DELETE CASCADE,
    identity_id uuid NOT NULL,
    requested_by text NOT NULL CHECK (requested_by IN ('child', 'carer', 'refuge', 'gp', 'practitioner', 'demographics')),
    requested_at timestamptz NOT NULL,
    decided_at timestamptz,                            -- null while provisional
    review_due date NOT NULL,
    lifted_at timestamptz                              -- only by a recorded review
);
CREATE INDEX ON shield (identity_id) WHERE lifted_at IS NULL;
CREATE INDEX ON shield (child_id);

-- The register of who may ask (A1). A subject (child or carer) is registered after identity proofing
-- and has no training or check; everybody else has both.
CREATE TABLE registration (
    person text NOT NULL,
    role text NOT NULL,
    name text NOT NULL,
    agency uuid NOT NULL REFERENCES agency,
    training_valid_until date,                         -- the last valid day
    check_issued_on date,                              -- enhanced DBS, valid for three years
    suspended_at timestamptz,
    subject_child uuid REFERENCES child,
    subject_carer uuid REFERENCES carer,
    PRIMARY KEY (person, role),
    CHECK (subject_child IS NULL OR subject_carer IS NULL),
    CHECK (subject_child IS NOT NULL OR subject_carer IS NOT NULL
           OR (training_valid_until IS NOT NULL AND check_issued_on IS NOT NULL))
);

-- What became of each row of a feed (I2): nothing is dropped.
CREATE TABLE feed_load (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    feed text NOT NULL,
    file_name text NOT NULL,
    file_sha256 bytea NOT NULL,
    loaded_at timestamptz NOT NULL,
    accepted integer NOT NULL,
    unchanged integer NOT NULL,
    rejected integer NOT NULL,
    quarantined integer NOT NULL
);
CREATE TABLE feed_rejection (
    load_id bigint NOT NULL REFERENCES feed_load ON DELETE CASCADE,
    row_number integer NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('rejected', 'quarantined')),
    reason text NOT NULL,
    field text,
    PRIMARY KEY (load_id, row_number, reason)
);
