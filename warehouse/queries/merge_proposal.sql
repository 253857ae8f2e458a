merge into core.proposals kept
using (
    select
        $register_id as register_id,
        $broke_at::timestamptz as broke_at,
        $first_wh::bigint as first_wh,
        $last_at::timestamptz as last_at,
        $last_wh::bigint as last_wh,
        $n_pictures::integer as n_pictures,
        $log_odds::double as log_odds
) new
on kept.register_id = new.register_id and kept.broke_at = new.broke_at
when matched then update set
    first_wh = new.first_wh,
    last_at = new.last_at,
    last_wh = new.last_wh,
    n_pictures = new.n_pictures,
    log_odds = new.log_odds,
    withdrawn_at = null
when not matched then insert (
    register_id, broke_at, first_wh, last_at, last_wh, n_pictures, log_odds, proposed_at, withdrawn_at
) values (
    new.register_id, new.broke_at, new.first_wh, new.last_at, new.last_wh, new.n_pictures, new.log_odds, now(), null
);
