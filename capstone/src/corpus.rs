//! The built-in corpus: short stories about a few animals, told by a seeded grammar.
//!
//! > One sunny day Cat jumped on the mat, Duck waddled to the pond and Dog ran to the gate. Cat
//! > jumped on the bed. Where did Dog go? Dog ran to the gate. Where did Cat go? Cat jumped on
//! > the bed. Where did Duck go? Duck waddled to the pond.
//!
//! Nobody can tell such a story without looking back: where an animal went was said once, with
//! its latest move. Each animal has places of its own. So a model first learns which word can
//! follow, then to look for a place of this animal, and at last to take the latest.
//!
//! The grammar is an ordinary function, `Narrator::tell`. It asks for one token after the other
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
pub const LONGEST_STORY: usize =
    4 + MOST_ANIMALS * CLAUSE + MOST_EVENTS * CLAUSE + MOST_QUESTIONS * QUESTION + 1;

const MOST_ANIMALS: usize = 3;
const MOST_EVENTS: usize = 2;
const MOST_QUESTIONS: usize = 3;

/// Tokens of the longest ` Cat jumped on the mat,`
const CLAUSE: usize = 6;
/// Tokens of the longest ` Where did Cat go? Cat jumped on the mat.`
const QUESTION: usize = 5 + CLAUSE;

/// An animal: what it is called, how it moves, and the places it goes to. No two go to the same.
#[derive(Debug, PartialEq)]
struct Animal {
    name: Token,
    moves: Token,
    preposition: Token,
    places: [Token; 4],
}

const ANIMALS: [Animal; 8] = [
    Animal {
        name: " Bird",
        moves: " flew",
        preposition: " to",
        places: [" branch", " fence", " nest", " roof"],
    },
    Animal {
        name: " Cat",
        moves: " jumped",
        preposition: " on",
        places: [" bed", " chair", " mat", " shelf"],
    },
    Animal {
        name: " Dog",
        moves: " ran",
        preposition: " to",
        places: [" gate", " kennel", " porch", " yard"],
    },
    Animal {
        name: " Duck",
        moves: " waddled",
        preposition: " to",
        places: [" lake", " pond", " puddle", " river"],
    },
    Animal {
        name: " Fox",
        moves: " sneaked",
        preposition: " to",
        places: [" barn", " den", " forest", " hill"],
    },
    Animal {
        name: " Frog",
        moves: " hopped",
        preposition: " on",
        places: [" leaf", " log", " moss", " stone"],
    },
    Animal {
        name: " Mouse",
        moves: " crept",
        preposition: " under",
        places: [" cupboard", " door", " stove", " table"],
    },
    Animal {
        name: " Snail",
        moves: " crawled",
        preposition: " up",
        places: [" post", " stem", " tree", " wall"],
    },
];

/// One of the cast, and where it is at this point of the story.
#[derive(Clone, Copy)]
struct Actor {
    animal: &'static Animal,
    place: Token,
}

const WEATHERS: [Token; 4] = [" cold", " rainy", " sunny", " windy"];
const TIMES: [Token; 4] = [" morning", " day", " evening", " night"];

/// Every token there is, in the order of their ids: [`PAD`] first.
pub fn all_tokens() -> Vec<Token> {
    let mut tokens = vec![PAD, STORY, END, ".", ",", "?", " and", " the", "One"];
    tokens.extend(WEATHERS.iter().chain(&TIMES));
    tokens.extend([" Where", " did", " go", " on", " to", " under", " up"]);
    tokens.extend(ANIMALS.iter().flat_map(|animal| [animal.name, animal.moves]));
    tokens.extend(ANIMALS.iter().flat_map(|animal| animal.places));
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
    cast: Vec<Actor>,
}

/// The grammar, from the whole story down to the single token. The number beside a token is its
/// weight; [`Narrator::choose`] turns weights into probabilities.
impl Narrator<'_> {
    fn tell(&mut self) -> Told<()> {
        self.say(&[STORY, "One"])?;
        self.choose_evenly(WEATHERS.to_vec())?;
        self.choose_evenly(TIMES.to_vec())?;
        self.introduce_everybody()?;
        self.tell_events_and_ask()
    }

    /// ` Cat jumped on the mat, Frog hopped in the box and …`
    fn introduce_everybody(&mut self) -> Told<()> {
        self.introduce()?;
        if self.choose([(" and", 1.0), (",", 1.0)])? == "," {
            self.introduce()?;
            self.say(&[" and"])?;
        }
        self.introduce()?;
        self.say(&["."])
    }

    /// ` Cat jumped on the mat`
    fn introduce(&mut self) -> Told<()> {
        let is_new = |animal: &&Animal| self.cast.iter().all(|actor| actor.animal != *animal);
        let new: Vec<&Animal> = ANIMALS.iter().filter(is_new).collect();
        let name = self.choose_evenly(new.iter().map(|animal| animal.name).collect())?;
        let animal = *new.iter().find(|animal| animal.name == name).expect("chosen from these");
        let place = self.go(animal, &animal.places)?;
        self.cast.push(Actor { animal, place });
        Ok(())
    }

    /// Events and questions in any order, but an event first; after a question may come the end.
    fn tell_events_and_ask(&mut self) -> Told<()> {
        let (mut n_events, mut n_questions) = (0, 0);
        loop {
            let event = if n_events < MOST_EVENTS { 1.0 } else { 0.0 };
            let question = if n_events > 0 && n_questions < MOST_QUESTIONS { 8.0 } else { 0.0 };
            let end = if n_questions > 0 { 1.0 } else { 0.0 };
            let mut openings = vec![(END, end), (" Where", question)];
            openings.extend(self.cast.iter().map(|actor| (actor.animal.name, event)));
            match self.choose(openings)? {
                END => return Ok(()),
                " Where" => {
                    self.ask_and_answer()?;
                    n_questions += 1;
                }
                name => {
                    self.tell_event(self.actor_named(name))?;
                    n_events += 1;
                }
            }
        }
    }

    /// ` jumped on the bed.`, after the name: it goes where it is not.
    fn tell_event(&mut self, who: usize) -> Told<()> {
        let Actor { animal, place } = self.cast[who];
        let others: Vec<Token> = animal.places.into_iter().filter(|&p| p != place).collect();
        self.cast[who].place = self.go(animal, &others)?;
        self.say(&["."])
    }

    /// ` did Cat go? Cat jumped on the mat.`, after ` Where`
    fn ask_and_answer(&mut self) -> Told<()> {
        self.say(&[" did"])?;
        let names = self.cast.iter().map(|actor| actor.animal.name).collect();
        let name = self.choose_evenly(names)?;
        let Actor { animal, place } = self.cast[self.actor_named(name)];
        self.say(&[" go", "?", name])?;
        self.go(animal, &[place])?;
        self.say(&["."])
    }

    fn actor_named(&self, name: Token) -> usize {
        let found = self.cast.iter().position(|actor| actor.animal.name == name);
        found.expect("chosen from the cast")
    }

    /// ` jumped on the mat`, after the name; returns the place.
    fn go(&mut self, animal: &Animal, places: &[Token]) -> Told<Token> {
        self.say(&[animal.moves, animal.preposition, " the"])?;
        self.choose_evenly(places.to_vec())
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
