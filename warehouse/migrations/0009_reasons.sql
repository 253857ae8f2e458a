comment on column raw.recognitions.reason is 'why nothing could be read (dark, blurred, no_counter, covered, cut_off, moved, unreadable_picture); null when something was';
