//! A formula as a graph of parts, each kept once: what is written the same is the same part.

use foldhash::HashMap;

/// A part of a formula. A part's own parts have smaller numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NodeId(u32);

impl NodeId {
    pub(crate) fn new(index: usize) -> NodeId {
        NodeId(u32::try_from(index).unwrap_or(u32::MAX))
    }

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    True,
    False,
    /// A set, by number, or (`false`) what is not in it.
    Atom(u32, bool),
    All(Box<[NodeId]>),
    Any(Box<[NodeId]>),
    /// The same as its child, but a variable of its own: so that a question can forbid this one reason. `false`: the opposite of one.
    Named(u32, bool, NodeId),
}

#[derive(Debug, Default)]
pub(crate) struct Skeleton {
    nodes: Vec<Node>,
    numbers: HashMap<Node, NodeId>,
    /// For each part its opposite, where it was asked for.
    negations: Vec<Option<NodeId>>,
}

impl Skeleton {
    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    fn node(&mut self, node: Node) -> NodeId {
        if let Some(id) = self.numbers.get(&node) {
            return *id;
        }
        let id = NodeId::new(self.nodes.len());
        self.nodes.push(node.clone());
        self.numbers.insert(node, id);
        id
    }

    pub(crate) fn get(&self, id: NodeId) -> &Node {
        self.nodes.get(id.index()).unwrap_or(&Node::False)
    }

    pub(crate) fn constant(&mut self, value: bool) -> NodeId {
        self.node(if value { Node::True } else { Node::False })
    }

    pub(crate) fn atom(&mut self, atom: u32) -> NodeId {
        self.node(Node::Atom(atom, true))
    }

    pub(crate) fn all(&mut self, parts: impl IntoIterator<Item = NodeId>) -> NodeId {
        self.join(parts, true)
    }

    pub(crate) fn any(&mut self, parts: impl IntoIterator<Item = NodeId>) -> NodeId {
        self.join(parts, false)
    }

    /// In one order, whatever the order they come in: so what says the same in another order is the same part.
    pub(crate) fn join(&mut self, parts: impl IntoIterator<Item = NodeId>, all: bool) -> NodeId {
        let neutral = self.constant(all);
        let decisive = self.constant(!all);
        let mut kept: Vec<NodeId> = Vec::new();
        for part in parts {
            if part == decisive {
                return decisive;
            }
            if part != neutral {
                kept.push(part);
            }
        }
        kept.sort_unstable();
        kept.dedup();
        match *kept {
            [] => neutral,
            [only] => only,
            _ if all => self.node(Node::All(kept.into())),
            _ => self.node(Node::Any(kept.into())),
        }
    }

    /// A part under a name, which is told of it in a refutation and can be forbidden as a reason.
    pub(crate) fn named(&mut self, name: u32, part: NodeId) -> NodeId {
        self.renamed(name, true, part)
    }

    /// A named part, or the opposite of one: only what holds can be a reason, and only a reason can be forbidden.
    pub(crate) fn renamed(&mut self, name: u32, holds: bool, part: NodeId) -> NodeId {
        match self.get(part) {
            Node::False => part,
            Node::True if !holds => part,
            _ => self.node(Node::Named(name, holds, part)),
        }
    }

    /// The opposite. A formula is a handful of levels deep, whatever the policies.
    pub(crate) fn not(&mut self, id: NodeId) -> NodeId {
        if let Some(known) = self.known_opposite(id) {
            return known;
        }
        let opposite = match self.get(id).clone() {
            Node::True => return self.constant(false),
            Node::False => return self.constant(true),
            Node::Atom(atom, holds) => self.node(Node::Atom(atom, !holds)),
            Node::All(parts) => {
                let parts: Vec<NodeId> = parts.iter().map(|part| self.not(*part)).collect();
                self.any(parts)
            }
            Node::Any(parts) => {
                let parts: Vec<NodeId> = parts.iter().map(|part| self.not(*part)).collect();
                self.all(parts)
            }
            Node::Named(name, holds, part) => {
                let part = self.not(part);
                self.renamed(name, !holds, part)
            }
        };
        self.oppose(id, opposite);
        if !matches!(self.get(opposite), Node::True | Node::False)
            && self.known_opposite(opposite).is_none()
        {
            self.oppose(opposite, id);
        }
        opposite
    }

    /// The opposite, where it was asked for before.
    pub(crate) fn known_opposite(&self, id: NodeId) -> Option<NodeId> {
        self.negations.get(id.index()).copied().flatten()
    }

    fn oppose(&mut self, id: NodeId, opposite: NodeId) {
        if self.negations.len() < self.nodes.len() {
            self.negations.resize(self.nodes.len(), None);
        }
        if let Some(slot) = self.negations.get_mut(id.index()) {
            *slot = Some(opposite);
        }
    }
}
