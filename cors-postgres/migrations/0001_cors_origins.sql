-- The table that `cors-postgres` follows, and the triggers that announce its changes. Needs Postgres 11 or later.
--
-- For another table, replace `cors_origins` everywhere in this file; `Follow::table` takes the same name.

create table cors_origins (
    -- The tenant: a segment of the path, as clients send it. The empty key is none: `{ set = "customers" }` without `key`.
    -- The collation makes comparisons exact, and lets the primary key sort what is read.
    key text collate "C" not null default '',
    -- The origin as browsers send it: `https://app.example.com`.
    origin text collate "C" not null,
    primary key (key, origin),
    -- These find the most frequent errors when a row is written. `OriginSet` checks the rest when it is read.
    constraint cors_origins_key_is_a_segment
        check (octet_length(key) <= 512 and key !~ '[[:space:]/?#;\\]'),
    constraint cors_origins_origin_is_exact
        check (octet_length(origin) <= 512 and origin ~ '^[a-z][a-z0-9+.-]*://[^[:space:]/?#*@]+$')
);

-- A statement sends one notification for each key whose rows it changed, or one for all keys if there are many. It says
-- only what to read again: the table decides.
create function cors_origins_notify() returns trigger
    language plpgsql
    as $$
declare
    -- More keys are cheaper to read all at once.
    most constant integer := 1000;
    keys text[];
begin
    -- An update may change the key. Then the rows of both keys have changed.
    if tg_op = 'INSERT' then
        keys := array(select distinct key from new_rows limit most + 1);
    elsif tg_op = 'UPDATE' then
        keys := array(select key from old_rows union select key from new_rows limit most + 1);
    elsif tg_op = 'DELETE' then
        keys := array(select distinct key from old_rows limit most + 1);
    end if;
    -- Without keys: after `truncate`.
    if keys is null or cardinality(keys) > most then
        perform pg_notify('cors_origins', 'all');
    else
        -- A payload has less than 8000 bytes.
        perform pg_notify('cors_origins', case when octet_length(key) < 4000 then 'key:' || key else 'all' end)
            from unnest(keys) as key;
    end if;
    return null;
end
$$;

create trigger cors_origins_inserted after insert on cors_origins
    referencing new table as new_rows
    for each statement execute function cors_origins_notify();

create trigger cors_origins_updated after update on cors_origins
    referencing old table as old_rows new table as new_rows
    for each statement execute function cors_origins_notify();

create trigger cors_origins_deleted after delete on cors_origins
    referencing old table as old_rows
    for each statement execute function cors_origins_notify();

create trigger cors_origins_truncated after truncate on cors_origins
    for each statement execute function cors_origins_notify();
