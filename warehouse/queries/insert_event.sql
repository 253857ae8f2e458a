insert into core.events
select
    $event_id, $register_id, $kind, $happened_at::timestamptz, $last_wh, $first_wh, $offset_wh, $tariff, $note, now(), null;
