select count(*) as readings from core.register_readings;
