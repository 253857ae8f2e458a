update core.corrections
set value_wh = round(value_wh * pow(10, $places::integer))::bigint
where register_id = $register_id;
