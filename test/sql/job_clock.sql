-- job_clock
-- reads no table
select (1000 * extract(epoch from clock_timestamp()))::float8 as now
