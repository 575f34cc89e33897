-- days_in_plan: a plan whose day lies before the day that the story has reached, and that is no step back.
return {
  title = "Days that run back in a plan", scope = "plan", reads = { "plan", "state" },
  run = function(it)
    if it.plan.flashback or not it.plan.day or it.plan.day == 0 or it.plan.day >= it.state.day then return {} end
    return { { problem = string.format("The chapter is planned to end on day %d, and the story has reached day %d.", it.plan.day, it.state.day) } }
  end,
}
