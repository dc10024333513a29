//! A map that forgets what was not asked for lately, in bounded memory and constant time: two generations, of which the
//! older is thrown away whole when the younger is full.

use std::collections::HashMap;
use std::hash::Hash;

#[derive(Debug)]
pub(super) struct Generations<K, V> {
    capacity: usize,
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Eq + Hash, V: Clone> Generations<K, V> {
    /// Holds at least `capacity` of what was asked for last, and never more than twice that.
    pub(super) fn new(capacity: usize) -> Self {
        Generations { capacity, young: HashMap::new(), old: HashMap::new() }
    }

    pub(super) fn get(&mut self, key: &K) -> Option<V>
    where
        K: Copy,
    {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let value = self.old.remove(key)?;
        self.insert(*key, value.clone());
        Some(value)
    }

    pub(super) fn insert(&mut self, key: K, value: V) {
        if self.young.len() >= self.capacity {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }

    pub(super) fn remove(&mut self, key: &K) {
        self.young.remove(key);
        self.old.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes() {
        let mut map = Generations::new(10);
        for number in 0..1_000 {
            map.insert(number, number);
            assert_eq!(map.get(&0), Some(0), "asked for all the time, after {number}");
            assert!(map.young.len() + map.old.len() <= 20);
        }
        assert_eq!(map.get(&500), None);
        assert_eq!(map.get(&999), Some(999));
        map.remove(&999);
        assert_eq!(map.get(&999), None);
    }
}
