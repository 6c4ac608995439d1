//! Short form of an [`Endpoint`](crate::request::Endpoint): its arguments, name, verb, answer, and what it sends.

/// Makes the type of an operation. The parts come in this order, and those after `path` may be left out: `query`, `body`, `idempotent` (an
/// expression of the operation, where the verb's own rule does not hold), `decode`.
macro_rules! endpoint {
    (
        $(#[$meta:meta])*
        pub struct $name:ident { $($fields:tt)* }
        $($rest:tt)*
    ) => {
        $(#[$meta])*
        #[allow(clippy::exhaustive_structs, reason = "its arguments are those of the server's operation")]
        pub struct $name { $($fields)* }
        endpoint!(@impl $name $($rest)*);
    };
    (
        $(#[$meta:meta])*
        pub struct $name:ident;
        $($rest:tt)*
    ) => {
        $(#[$meta])*
        #[allow(clippy::exhaustive_structs, reason = "the operation has no arguments")]
        pub struct $name;
        endpoint!(@impl $name $($rest)*);
    };
    (
        @impl $name:ident $operation:literal: $method:ident => $response:ty;
        path = |$p:pat_param| $path:expr;
        $(query = |$q:pat_param| $query:expr;)?
        $(body = |$b:pat_param| $body:expr;)?
        $(idempotent = |$i:pat_param| $idempotent:expr;)?
        $(decode = $decode:expr;)?
    ) => {
        impl crate::request::Endpoint for $name {
            const OPERATION: &'static str = $operation;
            const METHOD: crate::request::Method = crate::request::Method::$method;
            type Response = $response;

            fn path(&self) -> crate::request::Path {
                let $p = self;
                $path
            }

            $(fn query(&self) -> crate::request::Query {
                let $q = self;
                $query
            })?

            $(fn body(&self) -> Result<crate::request::Payload, crate::request::EncodeError> {
                let $b = self;
                crate::request::Payload::json(&$body)
            })?

            $(fn idempotent(&self) -> bool {
                let $i = self;
                $idempotent
            })?

            $(fn decode(&self, reply: &crate::request::Reply) -> Result<Self::Response, crate::request::DecodeError> {
                $decode(reply)
            })?
        }
    };
}
pub(crate) use endpoint;

/// Makes one page of a search: a filter that is shared by all pages, and the order of the entries.
macro_rules! search_endpoint {
    (
        $(#[$meta:meta])*
        pub struct $name:ident($filter:ty);
        $operation:literal => $entry:ty;
        path = |$p:pat_param| $path:expr;
        sort = $sort:expr;
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        #[allow(clippy::exhaustive_structs, reason = "its arguments are those of the server's operation; more go into the filter")]
        pub struct $name {
            /// What to find.
            pub filter: std::sync::Arc<$filter>,
            /// Where the page begins.
            pub skip: u32,
            /// How many entries.
            pub take: u32,
        }

        impl crate::request::Endpoint for $name {
            const OPERATION: &'static str = $operation;
            const METHOD: crate::request::Method = crate::request::Method::Get;
            type Response = crate::page::Page<$entry>;

            fn path(&self) -> crate::request::Path {
                let $p = self;
                $path
            }

            fn query(&self) -> crate::request::Query {
                crate::resource::paging(self.filter.query(), self.skip, self.take, $sort)
            }
        }

        impl $name {
            /// All pages as one list.
            pub(crate) fn pager(client: &crate::client::Client, filter: $filter) -> crate::page::Pager<$entry> {
                let filter = std::sync::Arc::new(filter);
                crate::resource::search(client, move |skip, take| Self {
                    filter: std::sync::Arc::clone(&filter),
                    skip,
                    take,
                })
            }
        }
    };
}
pub(crate) use search_endpoint;

/// Makes one page of a list that belongs to one object.
macro_rules! list_endpoint {
    (
        $(#[$meta:meta])*
        pub struct $name:ident($id:ty);
        $operation:literal => $entry:ty;
        path = |$p:pat_param| $path:expr;
        sort = $sort:expr;
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        #[allow(clippy::exhaustive_structs, reason = "its arguments are those of the server's operation")]
        pub struct $name {
            /// Whose.
            pub id: $id,
            /// Where the page begins.
            pub skip: u32,
            /// How many entries.
            pub take: u32,
        }

        impl crate::request::Endpoint for $name {
            const OPERATION: &'static str = $operation;
            const METHOD: crate::request::Method = crate::request::Method::Get;
            type Response = crate::page::Page<$entry>;

            fn path(&self) -> crate::request::Path {
                let $p = self;
                $path
            }

            fn query(&self) -> crate::request::Query {
                crate::resource::paging(crate::request::Query::new(), self.skip, self.take, $sort)
            }
        }

        impl $name {
            /// All pages as one list.
            pub(crate) fn pager(client: &crate::client::Client, id: $id) -> crate::page::Pager<$entry> {
                crate::resource::search(client, move |skip, take| Self { id, skip, take })
            }
        }
    };
}
pub(crate) use list_endpoint;
