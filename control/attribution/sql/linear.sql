-- The same to each.
select conversion_id, position, 1 as weight
from path_touches
