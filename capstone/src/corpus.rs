//! The built-in corpus: short stories about a few animals, told by a seeded grammar.
//!
//! > One day Tom the cat sat on the mat, Ada the duck slept in the box and Pip the mouse sat
//! > under the tree. Pip crept to Ada in the box. Tom saw Pip in the box. Where is Ada? Ada
//! > sleeps in the box with Pip.
//!
//! Nobody can tell such a story without looking back. That Pip "crept" follows from "the mouse",
//! where Tom saw it from its latest move, and who keeps Ada company from both of them.
//!
//! The grammar is an ordinary function, [`Narrator::tell`]. It asks for one token after the other
//! and says each time which tokens are possible and how likely each is; nothing is decided before
//! the token that shows it. Dice may answer, which tells a new story, or a given text, which
//! checks it. Either way the exact probability of every token is known, so no model can reach a
//! lower loss on many stories than their [`floor`].

use std::fmt;

use ndarray_rand::rand::rngs::StdRng;
use ndarray_rand::rand::{Rng, RngCore, SeedableRng};

/// A word with its leading space, a punctuation mark or a special token. Tokens written one after
/// the other are the text.
pub type Token = &'static str;

/// Fills short rows, id 0. It belongs to the tokenizer: no story contains it.
pub const PAD: Token = "<pad>";
/// The first token of every story.
pub const STORY: Token = "<story>";
/// The last token of every story.
pub const END: Token = "<end>";

/// The most tokens a story can have, [`STORY`] and [`END`] included.
pub const LONGEST_STORY: usize = 3 + MOST_ANIMALS * 6 + MOST_EVENTS * 8 + 12 + 1;

const MOST_EVENTS: usize = 3;
/// ` Where is Ada? Ada sleeps in the box with Pip.`
const LONGEST_QUESTION: usize = 12;
const MOST_ANIMALS: usize = 4;
/// How many animals a place can hold: two, so that one `with Pip` tells of all company.
const ROOM: usize = 2;

#[derive(Clone, Copy)]
struct Kind {
    noun: Token,
    moves: Token,
}

const KINDS: [Kind; 12] = [
    Kind { noun: " Bear", moves: " stomped" },
    Kind { noun: " Bird", moves: " flew" },
    Kind { noun: " Cat", moves: " jumped" },
    Kind { noun: " Dog", moves: " ran" },
    Kind { noun: " Duck", moves: " waddled" },
    Kind { noun: " Fox", moves: " sneaked" },
    Kind { noun: " Frog", moves: " hopped" },
    Kind { noun: " Hen", moves: " strutted" },
    Kind { noun: " Mouse", moves: " crept" },
    Kind { noun: " Owl", moves: " glided" },
    Kind { noun: " Pony", moves: " trotted" },
    Kind { noun: " Snail", moves: " crawled" },
];

/// Where an animal is; on the box is another place than in the box.
#[derive(Clone, Copy, PartialEq)]
struct Place {
    preposition: Token,
    thing: Token,
}

const PLACES: [Place; 12] = [
    Place { preposition: " on", thing: " bed" },
    Place { preposition: " on", thing: " box" },
    Place { preposition: " on", thing: " chair" },
    Place { preposition: " on", thing: " mat" },
    Place { preposition: " on", thing: " table" },
    Place { preposition: " in", thing: " basket" },
    Place { preposition: " in", thing: " box" },
    Place { preposition: " in", thing: " tree" },
    Place { preposition: " under", thing: " bed" },
    Place { preposition: " under", thing: " chair" },
    Place { preposition: " under", thing: " table" },
    Place { preposition: " under", thing: " tree" },
];

/// One of the cast, as it is at this point of the story.
struct Animal {
    name: Token,
    kind: Kind,
    place: Place,
    asleep: bool,
}

/// Every token there is, in the order of their ids: [`PAD`] first.
pub fn all_tokens() -> Vec<Token> {
    let mut tokens = vec![PAD, STORY, END, ".", ",", "?", "One", " day", " the", " and"];
    tokens.extend([" sat", " slept", " woke", " up", " saw", " to"]);
    tokens.extend([" Where", " Who", " is", " sits", " sleeps", " with"]);
    tokens.extend(KINDS.iter().flat_map(|kind| [kind.noun, kind.moves]));
    for token in PLACES.iter().flat_map(|place| [place.preposition, place.thing]) {
        if !tokens.contains(&token) {
            tokens.push(token);
        }
    }
    tokens
}

/// A whole story, and how surprising each of its tokens is.
#[derive(Clone, Debug, PartialEq)]
pub struct Story {
    /// From [`STORY`] to [`END`].
    pub tokens: Vec<Token>,
    /// `nats[i]` is `-ln p` of `tokens[i + 1]`, given all tokens before it.
    pub nats: Vec<f64>,
}

impl Story {
    /// The story as it is printed, without its special tokens.
    pub fn text(&self) -> String {
        self.tokens.iter().copied().filter(|token| ![STORY, END].contains(token)).collect()
    }
}

/// Tells one story.
pub fn tell_story(rng: &mut impl Rng) -> Story {
    narrate(Guide::Dice(rng)).expect("dice choose among the possible tokens only")
}

/// Tells `n` stories. The same seed tells the same stories.
pub fn stories(seed: u64, n: usize) -> Vec<Story> {
    let mut rng = StdRng::seed_from_u64(seed);
    (0..n).map(|_| tell_story(&mut rng)).collect()
}

/// The mean of `-ln p` over all scored tokens (all but [`STORY`]), in nats: the loss of a model
/// that knows the grammar perfectly.
pub fn floor(stories: &[Story]) -> f64 {
    let n_scored: usize = stories.iter().map(|story| story.nats.len()).sum();
    stories.iter().flat_map(|story| &story.nats).sum::<f64>() / n_scored as f64
}

/// Checks that `tokens` are a whole story of this world which never contradicts itself.
///
/// # Errors
/// Names the first token that cannot stand where it stands, and what could.
pub fn check_story(tokens: &[&str]) -> Result<(), UnexpectedToken> {
    let story = narrate(Guide::Text(tokens))?;
    let end = story.tokens.len();
    match tokens.get(end) {
        None => Ok(()),
        Some(&extra) => Err(UnexpectedToken::new(&story.tokens, Some(extra), vec![])),
    }
}

/// The tokens that can follow `so_far`, with their probabilities; none after [`END`].
///
/// # Errors
/// If `so_far` is not how a story begins.
pub fn choices(so_far: &[&str]) -> Result<Vec<(Token, f64)>, UnexpectedToken> {
    match check_story(so_far) {
        Ok(()) => Ok(vec![]),
        Err(stopped) if stopped.found.is_none() => Ok(stopped.possible),
        Err(unexpected) => Err(unexpected),
    }
}

/// Who answers when the narrator asks for the next token.
enum Guide<'a> {
    Dice(&'a mut dyn RngCore),
    Text(&'a [&'a str]),
}

fn narrate(guide: Guide<'_>) -> Told<Story> {
    let story = Story { tokens: vec![], nats: vec![] };
    let mut narrator = Narrator { guide, story, cast: vec![] };
    narrator.tell()?;
    Ok(narrator.story)
}

/// What a step of the narration returns: it fails where a given text goes astray.
type Told<T> = Result<T, UnexpectedToken>;

struct Narrator<'a> {
    guide: Guide<'a>,
    story: Story,
    cast: Vec<Animal>,
}

/// The grammar, from the whole story down to the single token. The number beside a token is its
/// weight; [`Narrator::choose`] turns weights into probabilities.
impl Narrator<'_> {
    fn tell(&mut self) -> Told<()> {
        self.say(&[STORY, "One", " day"])?;
        self.introduce_everybody()?;
        self.tell_events_and_ask()?;
        self.say(&[END])
    }

    /// ` Tom the cat sat on the mat, Ada the duck slept in the box and …`
    fn introduce_everybody(&mut self) -> Told<()> {
        loop {
            self.introduce()?;
            let several_more = if self.cast.len() + 2 <= MOST_ANIMALS { 1.0 } else { 0.0 };
            if self.choose([(" and", 1.0), (",", several_more)])? == " and" {
                self.introduce()?;
                return self.say(&["."]);
            }
        }
    }

    fn introduce(&mut self) -> Told<()> {
        let is_new = |name: &Token| self.cast.iter().all(|animal| animal.name != *name);
        let name =
            self.choose_evenly(KINDS.map(|kind| kind.noun).into_iter().filter(is_new).collect())?;
        let kind = KINDS.into_iter().find(|kind| kind.noun == name).expect("chosen from KINDS");
        let asleep = self.choose([(" sat", 2.0), (" slept", 1.0)])? == " slept";
        let place = self.choose_place(&self.places_with_at_most(0))?;
        self.cast.push(Animal { name, kind, place, asleep });
        Ok(())
    }

    /// At least one event, then at any time the question that ends the story.
    fn tell_events_and_ask(&mut self) -> Told<()> {
        let most_events = MOST_EVENTS;
        let mut n_events = 0;
        loop {
            let event = if n_events < most_events { 1.0 } else { 0.0 };
            let question = if n_events > 0 { 1.0 } else { 0.0 };
            let mut openings = vec![(" Where", question), (" Who", 0.5 * question)];
            openings.extend(self.cast.iter().map(|animal| (animal.name, event)));
            match self.choose(openings)? {
                " Where" => return self.ask_where(),
                " Who" => return self.ask_who(),
                name => self.tell_event(self.animal_named(name))?,
            }
            n_events += 1;
        }
    }

    /// What an animal does, after its name.
    fn tell_event(&mut self, who: usize) -> Told<()> {
        if self.cast[who].asleep {
            self.say(&[" woke", " up"])?;
            self.cast[who].asleep = false;
        } else {
            let moves = self.cast[who].kind.moves;
            match self.choose([(moves, 4.0), (" saw", 2.0), (" slept", 1.0)])? {
                " saw" => {
                    let seen = self.choose_animal(&self.others(who))?;
                    self.say_place_of(seen)?;
                }
                " slept" => {
                    self.say_place_of(who)?;
                    self.cast[who].asleep = true;
                }
                _ => self.cast[who].place = self.choose_goal(who)?,
            }
        }
        self.say(&["."])
    }

    /// ` under the tree` or, with a friend there, ` to Ada in the box`
    fn choose_goal(&mut self, who: usize) -> Told<Place> {
        let mut goals = self.places_with_at_most(ROOM - 1);
        goals.retain(|place| *place != self.cast[who].place);
        let mut friends = self.others(who);
        friends.retain(|&friend| goals.contains(&self.cast[friend].place));

        let to_a_friend = friends.iter().map(|_| (" to", 3.0));
        let to_a_place = goals.iter().map(|place| (place.preposition, 1.0));
        match self.choose(to_a_friend.chain(to_a_place))? {
            " to" => {
                let friend = self.choose_animal(&friends)?;
                self.say_place_of(friend)
            }
            preposition => self.choose_thing(preposition, &goals),
        }
    }

    /// ` Where is Ada? Ada sleeps in the box with Pip.`
    fn ask_where(&mut self) -> Told<()> {
        self.say(&[" is"])?;
        let everybody: Vec<usize> = (0..self.cast.len()).collect();
        let who = self.choose_animal(&everybody)?;
        let Animal { name, place, asleep, .. } = self.cast[who];
        self.say(&["?", name, if asleep { " sleeps" } else { " sits" }])?;
        self.say_place_of(who)?;
        for companion in self.others(who) {
            if self.cast[companion].place == place {
                self.say(&[" with", self.cast[companion].name])?;
            }
        }
        self.say(&["."])
    }

    /// ` Who is in the box? Pip and Ada.`
    fn ask_who(&mut self) -> Told<()> {
        self.say(&[" is"])?;
        let places: Vec<Place> = self.cast.iter().map(|animal| animal.place).collect();
        let place = self.choose_place(&places)?;
        self.say(&["?"])?;
        let mut there: Vec<usize> = (0..self.cast.len()).collect();
        there.retain(|&who| self.cast[who].place == place);
        let first = self.choose_animal(&there)?;
        for second in there.into_iter().filter(|&who| who != first) {
            self.say(&[" and", self.cast[second].name])?;
        }
        self.say(&["."])
    }

    fn others(&self, who: usize) -> Vec<usize> {
        (0..self.cast.len()).filter(|&other| other != who).collect()
    }

    fn animal_named(&self, name: Token) -> usize {
        self.cast.iter().position(|animal| animal.name == name).expect("chosen from the cast")
    }

    fn places_with_at_most(&self, most: usize) -> Vec<Place> {
        let n_animals = |place| self.cast.iter().filter(|animal| animal.place == place).count();
        PLACES.into_iter().filter(|&place| n_animals(place) <= most).collect()
    }

    fn choose_animal(&mut self, among: &[usize]) -> Told<usize> {
        let name = self.choose_evenly(among.iter().map(|&who| self.cast[who].name).collect())?;
        Ok(self.animal_named(name))
    }

    fn choose_place(&mut self, among: &[Place]) -> Told<Place> {
        let prepositions = among.iter().map(|place| place.preposition).collect();
        let preposition = self.choose_evenly(prepositions)?;
        self.choose_thing(preposition, among)
    }

    /// The rest of a place, after its preposition.
    fn choose_thing(&mut self, preposition: Token, among: &[Place]) -> Told<Place> {
        self.say(&[" the"])?;
        let fits = |place: &&Place| place.preposition == preposition;
        let thing =
            self.choose_evenly(among.iter().filter(fits).map(|place| place.thing).collect())?;
        Ok(Place { preposition, thing })
    }

    fn say_place_of(&mut self, who: usize) -> Told<Place> {
        self.choose_place(&[self.cast[who].place])
    }

    /// Tokens that follow for certain.
    fn say(&mut self, tokens: &[Token]) -> Told<()> {
        tokens.iter().try_for_each(|token| self.choose_evenly(vec![token]).map(drop))
    }

    fn choose_evenly(&mut self, tokens: Vec<Token>) -> Told<Token> {
        self.choose(tokens.into_iter().map(|token| (token, 1.0)))
    }

    /// The one place where a token is decided, scored and written down. A token that is named
    /// twice has the sum of its weights.
    fn choose(&mut self, weighted: impl IntoIterator<Item = (Token, f64)>) -> Told<Token> {
        let possible = probabilities(weighted);
        let position = self.story.tokens.len();
        let found = match &mut self.guide {
            Guide::Dice(rng) => Some(roll(*rng, &possible)),
            Guide::Text(tokens) => tokens.get(position).copied(),
        };
        let Some(&(token, p)) = possible.iter().find(|(token, _)| Some(*token) == found) else {
            return Err(UnexpectedToken::new(&self.story.tokens, found, possible));
        };
        self.story.tokens.push(token);
        if position > 0 {
            self.story.nats.push(-p.ln());
        }
        Ok(token)
    }
}

fn probabilities(weighted: impl IntoIterator<Item = (Token, f64)>) -> Vec<(Token, f64)> {
    let mut possible: Vec<(Token, f64)> = vec![];
    for (token, weight) in weighted.into_iter().filter(|(_, weight)| *weight > 0.0) {
        match possible.iter_mut().find(|(known, _)| *known == token) {
            Some((_, sum)) => *sum += weight,
            None => possible.push((token, weight)),
        }
    }
    let total: f64 = possible.iter().map(|(_, weight)| weight).sum();
    possible.iter_mut().for_each(|(_, weight)| *weight /= total);
    possible
}

fn roll(rng: &mut dyn RngCore, possible: &[(Token, f64)]) -> Token {
    let mut left = rng.random::<f64>();
    for &(token, p) in possible {
        left -= p;
        if left < 0.0 {
            return token;
        }
    }
    // Rounding can leave a last crumb of the unit interval.
    possible.last().expect("something is always possible").0
}

/// A token that no story could have at this position, or a story that stops too early.
#[derive(Clone, Debug, PartialEq)]
pub struct UnexpectedToken {
    /// Its index; [`STORY`] is 0.
    pub position: usize,
    /// The token itself, or `None` where the tokens stop before [`END`].
    pub found: Option<String>,
    /// What could stand here, with probabilities.
    pub possible: Vec<(Token, f64)>,
    /// The text just before it.
    pub after: String,
}

impl UnexpectedToken {
    fn new(so_far: &[Token], found: Option<&str>, possible: Vec<(Token, f64)>) -> Self {
        let position = so_far.len();
        let after = so_far[position.saturating_sub(8)..].concat();
        Self { position, found: found.map(str::to_owned), possible, after }
    }
}

impl fmt::Display for UnexpectedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { position, found, possible, after } = self;
        match found {
            Some(found) => write!(f, "token {position} is {found:?}")?,
            None => write!(f, "the story stops before token {position}")?,
        }
        let possible: Vec<String> =
            possible.iter().map(|(token, _)| format!("{token:?}")).collect();
        match possible.as_slice() {
            [] => write!(f, ", but nothing can follow {after:?}"),
            possible => write!(f, ", but after {after:?} comes {}", possible.join(" or ")),
        }
    }
}

impl std::error::Error for UnexpectedToken {}
