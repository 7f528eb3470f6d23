"""Sentences that students write, in French and in English, sentence for sentence a translation of each other.

Two banks that share no sentence: thresholds are tuned on the one and measured on the other. `{n}`, `{m}` are
numbers and `{thing}`, `{place}` words of the student's own, by language.
"""
# ruff: noqa: E501, SIM905 - one line for each sentence

THINGS = [
    ("casque noir", "black headset"), ("théière en grès", "stoneware teapot"), ("sac en cuir", "leather bag"),
    ("montre de plongée", "diving watch"), ("lampe de bureau", "desk lamp"), ("vélo pliant", "folding bike"),
    ("chaise en hêtre", "beech chair"), ("gourde bleue", "blue flask"), ("paire de baskets", "pair of sneakers"),
    ("bougie à la figue", "fig candle"), ("carnet à spirale", "spiral notebook"), ("réveil rouge", "red alarm clock"),
    ("moulin à poivre", "pepper mill"), ("tente légère", "light tent"), ("ukulélé", "ukulele"),
    ("pull en laine", "wool sweater"), ("enceinte portable", "portable speaker"), ("arrosoir en zinc", "zinc watering can"),
    ("planche à découper", "cutting board"), ("parfum ambré", "amber perfume"),
]  # fmt: skip
PLACES = [
    ("à Lyon", "in Lyon"), ("chez ma tante", "at my aunt's"), ("dans le train", "on the train"),
    ("au fablab", "at the fablab"), ("à Brest", "in Brest"), ("à la médiathèque", "at the library"),
    ("sur le marché", "at the market"), ("dans ma cuisine", "in my kitchen"), ("au stage chez Decathlon", "at my Decathlon internship"),
    ("à Montréal", "in Montreal"), ("chez Léa", "at Léa's"), ("en salle B12", "in room B12"),
]  # fmt: skip
OPENINGS = [
    ("", ""), ("", ""), ("Franchement, ", "Honestly, "), ("À mes yeux, ", "In my eyes, "), ("Lundi, ", "On Monday, "),
    ("En reprenant mes notes, ", "Going through my notes, "), ("Contre toute attente, ", "Against all odds, "),
    ("Pour être juste, ", "To be fair, "), ("En y repensant, ", "Thinking about it again, "),
]  # fmt: skip
CLOSINGS = [
    ("", ""), ("", ""), (", ce qui m'a étonné", ", which surprised me"), (", photo à l'appui", ", with a photo to prove it"),
    (" (deux essais sur trois)", " (two tries out of three)"), (", comme mon voisin l'avait prédit", ", as my neighbour had foretold"),
    (", et je l'ai refait pour vérifier", ", and I did it again to check"), (", sauf la nuit", ", except at night"),
]  # fmt: skip

TUNING = [
    ("passer de {n} à {m} étapes a doublé l'attente sans affiner la couture du {thing}", "going from {n} to {m} steps doubled the wait without refining the seam of the {thing}"),
    ("à {n} étapes l'ombre sous le {thing} flotte encore", "at {n} steps the shadow under the {thing} still floats"),
    ("ma tante croyait que le {thing} venait d'un vrai catalogue", "my aunt believed the {thing} came from a real catalogue"),
    ("avec la graine {n} le logo s'écrit à l'envers une fois sur {m}", "with seed {n} the logo is spelled backwards once in {m}"),
    ("un guidage de {n} brûle les blancs et avale l'étiquette", "a guidance of {n} burns the whites and swallows the label"),
    ("j'ai payé {n} centimes de courant pour {m} images, d'après la prise", "I paid {n} cents of power for {m} pictures, says the plug"),
    ("sur le portable de {place} la même graine donne un pixel différent sur {n}", "on the laptop {place} the same seed gives one pixel in {n} that differs"),
    ("rien ne prouve au client que l'anse du {thing} existe", "nothing proves to the customer that the handle of the {thing} exists"),
    ("une vendeuse {place} a refusé l'image, jugée trop lisse", "a saleswoman {place} refused the picture, calling it too smooth"),
    ("la version {n}.{m} du paquet a décalé tout le cadrage", "version {n}.{m} of the package shifted the whole framing"),
    ("le gris du fond vire au mauve dès {n} tirages", "the grey of the background turns mauve after {n} draws"),
    ("garder la photo du {thing} à {n} pour cent m'a semblé honnête", "keeping the photo of the {thing} at {n} percent felt honest to me"),
    ("DDIM range les poils du tissu comme un peigne", "DDIM lines up the hairs of the cloth like a comb"),
    ("au-delà de {n} secondes ma batterie chauffe et je triche sur les réglages", "beyond {n} seconds my battery heats up and I cheat on the settings"),
    ("un retour coûte {n} euros, l'image ratée en coûte {m} de plus", "a return costs {n} euros, the failed picture costs {m} more"),
    ("les doigts autour du {thing} ont six phalanges", "the fingers around the {thing} have six joints"),
    ("sans manifeste je n'aurais jamais retrouvé l'essai {n}", "without a manifest I would never have found try {n} again"),
    ("la loi interdit de montrer un {thing} plus grand que nature", "the law forbids showing a {thing} larger than life"),
    ("le reflet du plafond trahit la salle {n} {place}", "the reflection of the ceiling betrays room {n} {place}"),
    ("trois collègues ont préféré l'image {n} sans savoir pourquoi", "three colleagues preferred picture {n} without knowing why"),
    ("je noterais {n} sur {m} la fidélité, la poignée manque", "I would rate fidelity {n} out of {m}, the handle is missing"),
    ("changer un seul réglage à la fois prend {n} minutes de patience", "changing a single setting at a time takes {n} minutes of patience"),
    ("le serveur {place} rend le bruit plus doux que le mien", "the server {place} renders the noise softer than mine"),
    ("un prompt de {n} mots n'apporte rien après le dixième", "a prompt of {n} words brings nothing after the tenth"),
]  # fmt: skip

MEASURING = [
    ("entre {n} et {m} pas je ne distingue plus le grain du {thing}", "between {n} and {m} steps I can no longer tell the grain of the {thing}"),
    ("la facture d'électricité {place} a bougé de {n} centimes", "the electricity bill {place} moved by {n} cents"),
    ("vingt essais plus tard, le bouchon du {thing} penche toujours", "twenty tries later the cap of the {thing} still leans"),
    ("la graine {n} donne un {thing} bancal et la {m} un sosie parfait", "seed {n} gives a wobbly {thing} and {m} a perfect double"),
    ("un acheteur {place} réclamerait la couture qu'il a vue", "a buyer {place} would claim the seam he saw"),
    ("à {n} de guidage les contours deviennent de la craie", "at a guidance of {n} the edges become chalk"),
    ("mon ordinateur met {n} secondes là où celui {place} en met {m}", "my computer takes {n} seconds where the one {place} takes {m}"),
    ("rejouer la recette avec torch {n} a déplacé une vis", "replaying the recipe with torch {n} moved one screw"),
    ("une force de {n} efface la rayure que je voulais vendre franchement", "a strength of {n} erases the scratch I wanted to sell frankly"),
    ("la marque au dos se lit comme du grec ancien", "the brand on the back reads like ancient Greek"),
    ("j'ai compté {n} boutons au lieu de {m} sur le {thing}", "I counted {n} buttons instead of {m} on the {thing}"),
    ("le fond minimaliste cache mal une tache verte en haut", "the minimalist background hardly hides a green stain at the top"),
    ("avec DDIM les plis du rideau se répètent tous les {n} pixels", "with DDIM the folds of the curtain repeat every {n} pixels"),
    ("personne {place} n'a deviné laquelle était la photo", "nobody {place} guessed which one was the photograph"),
    ("la cheffe de rayon exigerait une mention sous l'image", "the department manager would demand a notice under the picture"),
    ("le manifeste {n} m'a évité de refaire {m} tirages", "manifest {n} saved me from redoing {m} draws"),
    ("éclairer le {thing} par la gauche n'était pas demandé, pourtant c'est mieux", "lighting the {thing} from the left was not asked for, yet it is better"),
    ("au bout de {n} minutes le ventilateur couvre la voix du professeur", "after {n} minutes the fan drowns the teacher's voice"),
    ("une anse doublée me coûterait {n} retours par mois", "a doubled handle would cost me {n} returns a month"),
    ("les ombres partent dans deux directions, le soleil n'y est pour rien", "the shadows go two ways, the sun has no part in it"),
    ("je garderais l'image {n} pour l'affiche, jamais pour la fiche produit", "I would keep picture {n} for the poster, never for the product sheet"),
    ("le cuir paraît mouillé dès que la force dépasse {n}", "the leather looks wet as soon as the strength exceeds {n}"),
    ("copier la graine sans le modèle ne sert à rien, j'ai perdu {n} heures", "copying the seed without the model is useless, I lost {n} hours"),
    ("ma grand-mère a voulu commander le {thing} à {n} euros", "my grandmother wanted to order the {thing} at {n} euros"),
]  # fmt: skip

PROMPT_QUALITIES = "cracked sleepy rusty mossy frozen paper copper wooden glass velvet tiny hollow striped melted ancient crooked golden blue torn polished dusty floating embroidered bronze soap transparent giant tangled woven salty".split()
PROMPT_NOUNS = "owl|lighthouse keeper|fox|diving helmet|paper boat|robot|tram|chessboard|violin case|beekeeper|elephant|market stall|umbrella|snail|typewriter|lantern|cactus|submarine|scarecrow|accordion|greenhouse|astronaut|carousel horse|teapot|dragonfly|bookbinder|whale|rocking chair|telescope|pastry cook".split(
    "|"
)
PROMPT_ACTIONS = "knitting a yellow scarf|sharing a melon slice|watering ferns|crossing a canal|carved from chalk|full of tulips|reading by candlelight|on a piano lid|selling clouds in jars|growing from a teacup|carrying a tiny library|asleep under a table|waiting for the last bus|repairing an old radio|covered in postage stamps|dancing on a roof|lost in a maze of pipes|holding a letter|seen through a keyhole|balanced on an egg|at the bottom of a well|chasing a red balloon|painting its own portrait|hidden among lemons|listening to a shell|made of folded maps".split(
    "|"
)
PROMPT_WHERE = "against a tiled wall|at late autumn dusk|behind dusty shutters|before a torn circus poster|on wet cobblestones|in thick impasto strokes|seen from under the table|with one red thread leading out of frame|with frost on every second leaf|beside a coin from 1931|painted like a matchbox label|before a miniature village|among passing fireflies|on coarse linen|with varnish flaking off|reflected in a puddle of milk|on a school slate|under a bell jar|with ink bleeding at the margins|inside a snow globe|by the light of a fridge|after the flood|in a ballroom without a roof|at the edge of a salt lake|under seven moons|on a conveyor belt".split(
    "|"
)
PROMPT_COMMON = [
    "studio lighting",
    "sharp focus",
    "highly detailed",
    "soft shadows",
    "8k",
    "white background",
]
COMMON_PHRASES = [
    "More steps cost more time and do not always bring more quality.",
    "Plus d'étapes coûtent plus de temps sans toujours apporter plus de qualité.",
    "The seed, the model and all parameters are needed to reproduce a picture.",
    "Il faut la graine, le modèle et tous les paramètres pour reproduire une image.",
    "In e-commerce the risk is to mislead the customer about the product.",
    "En e-commerce, le risque est de tromper le client sur le produit.",
]  # fmt: skip
CODE_LINES = [
    "{a} = sum(p.width for p in {b}) + {n}", "print('{how}', {a}, {n})", "{a} = time.perf_counter() - {b}", "assert {a} > {n}, '{how}'",
    "for {a} in range({n}):\n    {b}.append({a} ** 2 % {n})", "if {a} >= {n} and not {b}:\n    {a} -= {n}", "{a} = sorted({b}, key=lambda v: -v[{n}])",
    "with open('{a}.csv', 'w') as out:\n    out.write(str({b}) + '{how}')", "{a} = [x * {n} for x in {b} if x % {n}]", "{a}, {b} = {b}[:{n}], {a}",
    "while len({a}) < {n}:\n    {a} = {a} + [{b}]", "def {a}({b}, step={n}):\n    return {b} // step or step", "# {how}, as my tutor showed me",
    "sheet = Image.new('RGB', ({n} * 64, {a}.height))", "sheet.paste({a}, ({n}, {b} * {n}))", "{a} = {{'{how}': {n}, 'seconds': {b}}}", "{a} = max({b}, default={n})",
    "try:\n    {a} = float({b})\nexcept ValueError:\n    {a} = {n}", "{a}.save(f'{b}_{{{a}}}_{n}.png')", "{a} = '{how}'.split()[{n} % 2]", "{a} |= set({b}) - {{{n}}}",
    "del {a}[{n}:]", "{a} = {b} if {b} else None", "class {a}:\n    rows = {n}\n    title = '{how}'", "{a} = json.dumps({b}, indent={n})", "print(f'{{{a}:>{n}}} {how}')",
    "{a} = Path('{b}') / '{how}.txt'", "{a} = pipe(prompt={b}, num_inference_steps={n}).images[0]", "{a} = {b}.resize(({n}, {n} * 2))", "{a}.update({b}={n})",
]  # fmt: skip
CODE_NAMES = [
    "collage",
    "chrono",
    "cahier",
    "tableau",
    "planche",
    "bande",
    "journal",
    "grille",
    "releve",
    "carnet",
]
CODE_HOW = ["side by side", "top to bottom", "by luck", "after lunch", "by hand", "per minute", "in pairs", "backwards", "by colour", "twice"]  # fmt: skip
