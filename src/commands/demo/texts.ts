/**
 * What a demo community says, as SQL functions of the session: a name, a title, a text follow from a row's id.
 * PostgreSQL inlines them all, so an argument used twice must be a plain column.
 */
export const textFunctions = (): string => `
  create function pg_temp.pick(words text[], chance float8) returns text
  language sql immutable parallel safe
  return words[1 + floor(chance * cardinality(words))::integer];

  create function pg_temp.username(id bigint) returns text
  language sql immutable parallel safe
  return pg_temp.pick(${list(firstNames)}, pg_temp.chance(id, 11))
    || pg_temp.pick(${list(['_', '.', '', '-'])}, pg_temp.chance(id, 12))
    || pg_temp.pick(${list(surnames)}, pg_temp.chance(id, 13))
    || case when pg_temp.chance(id, 14) < 0.7 then floor(pg_temp.chance(id, 15) * 1000)::text else '' end;

  create function pg_temp.email(id bigint, username text) returns text
  language sql immutable parallel safe
  return case when pg_temp.chance(id, 4) < 0.9 then username || '.' || id::text || '@example.com' end;

  create function pg_temp.title(id bigint) returns text
  language sql immutable parallel safe
  return pg_temp.pick(${list(openings)}, pg_temp.chance(id, 21))
    || pg_temp.pick(${list(subjects)}, pg_temp.chance(id, 22))
    || pg_temp.pick(${list(circumstances)}, pg_temp.chance(id, 23));

  create function pg_temp.story(id bigint) returns text
  language sql immutable parallel safe
  return pg_temp.pick(${list(beginnings)}, pg_temp.chance(id, 24))
    || pg_temp.pick(${list(subjects)}, pg_temp.chance(id, 22))
    || pg_temp.pick(${list(middles)}, pg_temp.chance(id, 25))
    || pg_temp.pick(${list(endings)}, pg_temp.chance(id, 26));

  create function pg_temp.tags(id bigint) returns text[]
  language sql immutable parallel safe
  return case when pg_temp.chance(id, 27) < 0.5 then array_remove(array[
    pg_temp.pick(${list(topics)}, pg_temp.chance(id, 22)),
    pg_temp.pick(${list(genres)}, pg_temp.chance(id, 21))
  ], '') end;

  create function pg_temp.remark(id bigint) returns text
  language sql immutable parallel safe
  return pg_temp.pick(${list(reactions)}, pg_temp.chance(id, 31))
    || pg_temp.pick(${list(advices)}, pg_temp.chance(id, 32))
    || pg_temp.pick(${list(farewells)}, pg_temp.chance(id, 33));
`

const list = (words: readonly string[]): string =>
  `array[${words.map((word) => `'${word.replaceAll("'", "''")}'`).join(', ')}]`

const firstNames =
  `ada amir anna ben carla chen dario elif emma felix grace hugo ines ivan jonas kofi
  lea liam lina luca maria mei mila nadia noah nora olga omar pablo priya rosa sam sara tariq theo tom vera yuki zoe`
    .trim()
    .split(/\s+/)

const surnames =
  `baker berg blanc costa diaz evans fischer garcia haas ito jansen kaya kim king lang lopez
  mann meyer moreau nagy novak okafor olsen patel petrov quinn reyes rossi sato silva smith stone torres vogel weber wolf`
    .trim()
    .split(/\s+/)

const openings = [
  'The best way to start with ',
  'Has anyone here tried ',
  'A month with ',
  'What I learned from ',
  'Looking for advice on ',
  'Photos of ',
  'Unpopular opinion about ',
  'A beginner’s question about ',
  'My plan for ',
  'The trouble with ',
  'Finally happy with ',
  'Who can recommend books about ',
]

const subjects = [
  'sourdough bread',
  'tomatoes on the balcony',
  'an old road bike',
  'film photography',
  'learning the cello',
  'home-roasted coffee',
  'a wood-fired oven',
  'bird watching',
  'restoring a wooden boat',
  'trail running',
  'a small vegetable garden',
  'hand-bound notebooks',
  'winter camping',
  'brewing ginger beer',
  'a second-hand telescope',
  'keeping bees',
  'sewing my own clothes',
  'a community library',
  'chess in the evenings',
  'learning Portuguese',
]

/** Of each opening and each subject: the tags of a post that has any. */
const genres = [
  '',
  'question',
  'diary',
  '',
  'question',
  'photos',
  'opinion',
  'question',
  'plans',
  '',
  'diary',
  'books',
]
const topics = [
  'baking',
  'gardening',
  'cycling',
  'photography',
  'music',
  'coffee',
  'baking',
  'birds',
  'woodwork',
  'running',
  'gardening',
  'paper',
  'camping',
  'brewing',
  'astronomy',
  'bees',
  'sewing',
  'books',
  'chess',
  'languages',
]

const circumstances = [
  '',
  '',
  '',
  ' on a small budget',
  ' in winter',
  ' with two small children',
  ' in a flat without a balcony',
  ' after ten years',
  ' when time is short',
  ' for the whole family',
  ' without spending a fortune',
  ' as a complete beginner',
]

const beginnings = [
  'For some weeks now I have been busy with ',
  'A friend talked me into ',
  'It has been a long road, but I am getting somewhere with ',
  'I keep coming back to ',
  'Last weekend I spent two full days on ',
  'Everybody seems to have an opinion on ',
  'My neighbour gave me a hand with ',
  'I never thought I would care so much about ',
]

const middles = [
  '. The first attempts went badly, and I nearly gave up. Then I slowed down, kept notes, and things improved.',
  '. Most guides make it look harder than it is. Good tools help, patience helps more.',
  '. I followed three different guides and each says the opposite of the other two.',
  '. It costs less than I feared, although the small things add up quickly.',
  '. What surprised me most is how many people nearby do the same and are glad to help.',
  '. I made every mistake there is, so ask me anything. Pictures will follow when the light is better.',
  '. The results are not perfect, but they are mine, and each one is a little better than the last.',
  '. There is a club in our town, and their meetings are worth the trip even if you only listen.',
]

const endings = [
  ' What would you do differently?',
  ' Where did you start?',
  ' Any hint is welcome.',
  ' I will write again in a month.',
  ' Thanks to everyone who answered last time.',
  ' Does it get easier?',
  ' How much time do you give it each week?',
  '',
]

const reactions = [
  'Great post. ',
  'Thanks for sharing this. ',
  'I had the same problem. ',
  'I am not so sure. ',
  'This made my day. ',
  'Good question. ',
  'Same here. ',
  'Well done! ',
  'Interesting. ',
  '',
  '',
  '',
]

const advices = [
  'Start small and do not buy anything expensive in the first year.',
  'Keep a notebook, you will be glad of it later.',
  'It took me three tries before it worked.',
  'The trick is to do a little every day.',
  'Have you asked at the club? They helped me a lot.',
  'I would wait until spring with that.',
  'There is a good chapter about it in the book everyone recommends.',
  'Mine looks exactly like yours.',
  'The second-hand market is full of good offers right now.',
  'Please post pictures when it is done.',
  'I gave up twice and came back twice.',
  'A thermometer solves half of it.',
  'My grandmother did it that way all her life.',
  'You will want more space sooner than you think.',
  'It depends on the weather, really.',
  'Read the old threads, this comes up every few months.',
]

const farewells = [
  '',
  '',
  '',
  ' Good luck!',
  ' Keep us posted.',
  ' Have fun with it.',
  ' Cheers.',
  ' Hope it helps.',
]
