update core.events
set
    last_wh = round(last_wh * pow(10, $places::integer))::bigint,
    first_wh = round(first_wh * pow(10, $places::integer))::bigint,
    offset_wh = round(offset_wh * pow(10, $places::integer))::bigint
where register_id = $register_id and coalesce(last_wh, first_wh, offset_wh) is not null;
