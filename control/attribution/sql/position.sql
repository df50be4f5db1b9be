-- U-shaped: fixed percents to the first and the last touch, the rest evenly to those between.
select
    conversion_id,
    position,
    amount,
    net_amount,
    case
        when touches = 1 then 1
        when touches = 2 and {of_first} + {of_last} = 0 then 1
        when touches = 2 and position = 1 then {of_first}
        when touches = 2 then {of_last}
        when position = 1 then {of_first} * (touches - 2)
        when position = touches then {of_last} * (touches - 2)
        else {of_others}
    end as weight
from path_touches
