-- rebuild
-- reads no table
select rollup.rebuild($1::text) as mended
