-- 2^(−Δ/H) by the tables of decay.py; k is Δ in half-lives, scaled by 2²⁰.
with delays as (
    select
        conversion_id,
        position,
        amount,
        net_amount,
        age_ms - min(age_ms) over (partition by conversion_id) as delay_ms
    from path_touches
),
halvings as (
    select conversion_id, position, amount, net_amount, delay_ms * 1048576 / {half_life_ms} as k
    from delays
)
select
    h.conversion_id,
    h.position,
    h.amount,
    h.net_amount,
    case when (h.k >> 20) > 30 then 0 else ((a.a * b.b) >> 30) >> cast(h.k >> 20 as int) end as weight
from halvings as h
join decay_table as a on a.j = ((h.k >> 10) & 1023)
join decay_table as b on b.j = (h.k & 1023)
