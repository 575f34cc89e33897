-- manner: a judge who sees nothing but the prose, and says where it reads badly.
return {
  title = "Manner", kind = "model", scope = "chapter", sees = "prose", most = 6,
  look_for = [[
- explanation of what the scene has already shown, and closing sentences that say what it meant
- ready-made phrases and images, the same gesture or construction again, sentences that all move alike
- vagueness where a particular thing should stand; ornament where a plain word should
- people who all speak alike, or who tell each other what both know]],
}
