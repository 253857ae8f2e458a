-- What a person set stands, whoever decodes. A changed reading is decided anew; growing evidence alone keeps
-- decided_at.
merge into core.register_readings kept
using (
    select n.*, n.read_at at time zone g.timezone as read_local
    from incoming n
    join core.registers g using (register_id)
    where n.quality = 'manual'
        or not exists (
            from core.corrections c
            where c.register_id = n.register_id and c.picture_key = n.picture_key and c.undone_at is null
        )
) new
on kept.register_id = new.register_id
    and kept.picture_key = new.picture_key
    and kept.read_at between $first_at::timestamptz and $last_at::timestamptz
when matched
    and (
        kept.value_wh is distinct from new.value_wh
        or kept.quality::varchar <> new.quality
        or kept.reason is distinct from new.reason
    )
    then update set
        value_wh = new.value_wh,
        low_wh = new.low_wh,
        high_wh = new.high_wh,
        tenth = new.tenth,
        quality = new.quality,
        reason = new.reason,
        recognised_text = new.recognised_text,
        probability = new.probability,
        log_odds = new.log_odds,
        settled = new.settled,
        recognised_at = new.recognised_at,
        decided_at = $decided_at::timestamptz
when matched
    and (
        kept.settled <> new.settled
        or kept.recognised_at is distinct from new.recognised_at
        or kept.recognised_text is distinct from new.recognised_text
        or kept.probability is distinct from new.probability
        or kept.low_wh is distinct from new.low_wh
        or kept.high_wh is distinct from new.high_wh
        or kept.tenth is distinct from new.tenth
        or (kept.log_odds is null) <> (new.log_odds is null)
        or abs(kept.log_odds - new.log_odds) > 1e-6
    )
    then update set
        low_wh = new.low_wh,
        high_wh = new.high_wh,
        tenth = new.tenth,
        recognised_text = new.recognised_text,
        probability = new.probability,
        log_odds = new.log_odds,
        settled = new.settled,
        recognised_at = new.recognised_at
when not matched then insert (
    register_id, picture_key, read_at, read_local, value_wh, low_wh, high_wh, tenth, quality, reason,
    recognised_text, probability, log_odds, settled, recognised_at, decided_at
) values (
    new.register_id, new.picture_key, new.read_at, new.read_local, new.value_wh, new.low_wh, new.high_wh, new.tenth,
    new.quality, new.reason, new.recognised_text, new.probability, new.log_odds, new.settled, new.recognised_at,
    $decided_at::timestamptz
);
