-- Until such days are derived anew, they count as that version took them: known throughout.
update core.interval_day
set covered_s = date_diff('second', start_at, end_at)
where covered_s is null;
