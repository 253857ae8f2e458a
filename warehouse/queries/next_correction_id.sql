select coalesce(max(correction_id), 0) + 1 as correction_id from core.corrections;
