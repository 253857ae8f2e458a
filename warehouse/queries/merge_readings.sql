-- A manual reading stands. A changed reading is decided anew; growing evidence alone keeps decided_at.
merge into core.register_readings kept
using incoming
on kept.register_id = incoming.register_id and kept.picture_key = incoming.picture_key
when matched
    and kept.quality <> 'manual'
    and (
        kept.value_wh is distinct from incoming.value_wh
        or kept.quality::varchar <> incoming.quality
        or kept.reason is distinct from incoming.reason
        or kept.read_at <> incoming.read_at
    )
    then update set
        read_at = incoming.read_at,
        value_wh = incoming.value_wh,
        quality = incoming.quality,
        reason = incoming.reason,
        recognised_text = incoming.recognised_text,
        probability = incoming.probability,
        log_odds = incoming.log_odds,
        settled = incoming.settled,
        recognised_at = incoming.recognised_at,
        decided_at = $decided_at::timestamptz
when matched
    and (
        kept.settled <> incoming.settled
        or kept.recognised_at is distinct from incoming.recognised_at
        or kept.recognised_text is distinct from incoming.recognised_text
        or kept.probability is distinct from incoming.probability
        or (kept.log_odds is null) <> (incoming.log_odds is null)
        or abs(kept.log_odds - incoming.log_odds) > 1e-6
    )
    then update set
        recognised_text = incoming.recognised_text,
        probability = case when kept.quality = 'manual' then kept.probability else incoming.probability end,
        log_odds = case when kept.quality = 'manual' then kept.log_odds else incoming.log_odds end,
        settled = incoming.settled,
        recognised_at = incoming.recognised_at
when not matched then insert (
    register_id, picture_key, read_at, value_wh, quality, reason, recognised_text, probability, log_odds, settled,
    recognised_at, decided_at
) values (
    incoming.register_id, incoming.picture_key, incoming.read_at, incoming.value_wh, incoming.quality,
    incoming.reason, incoming.recognised_text, incoming.probability, incoming.log_odds, incoming.settled,
    incoming.recognised_at, $decided_at::timestamptz
);
