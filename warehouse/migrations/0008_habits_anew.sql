-- Habits have more parts than those learned before; what is missing is learned at the next decoding.
delete from core.habits;
