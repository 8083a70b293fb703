-- fold
-- reads no table
select rollup.fold() as folded
